/** HDF5 files that tests write: datasets by path, attributes of datasets and groups, links. */
import { loadHdf5 } from '../../src/data/hdf5/library.js';
import type { PixelArray } from '../../src/data/pixels.js';

type Attribute = string | number | readonly string[];

export interface MadeDataset {
  readonly data: PixelArray | readonly string[] | string | number;
  /** Absent: a scalar for text and numbers, else one axis. */
  readonly shape?: readonly number[];
  readonly chunks?: readonly number[];
  readonly dtype?: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export interface MadeFile {
  readonly [path: string]:
    | MadeDataset
    | { readonly group: Readonly<Record<string, Attribute>> }
    | { readonly soft: string }
    | { readonly hard: string }
    | { readonly external: string; readonly target: string };
}

/** Writes `file` at `path`; groups on the way are made. */
export async function writeHdf5(path: string, file: MadeFile): Promise<string> {
  const { high } = await loadHdf5();
  const out = new high.File(path, 'w');
  const groupAt = (group: string): InstanceType<typeof high.Group> => {
    if (group === '') return out;
    const known = out.get(group);
    if (known instanceof high.Group) return known;
    groupAt(group.slice(0, group.lastIndexOf('/')));
    return out.create_group(group);
  };
  for (const [name, made] of Object.entries(file)) {
    const at = name.lastIndexOf('/');
    const parent = groupAt(name.slice(0, at));
    const own = name.slice(at + 1);
    if ('group' in made) {
      const group = groupAt(name === '/' ? '' : name);
      for (const [key, value] of Object.entries(made.group)) group.create_attribute(key, value as string);
    } else if ('soft' in made) parent.create_soft_link(made.soft, own);
    else if ('hard' in made) out.create_hard_link(made.hard, name);
    else if ('external' in made) parent.create_external_link(made.external, made.target, own);
    else {
      const { data, shape, chunks, dtype, attributes = {} } = made;
      const scalar = typeof data === 'string' || typeof data === 'number';
      parent.create_dataset({
        name: own,
        data: data as Uint16Array,
        ...(scalar ? {} : { shape: [...(shape ?? [data.length])] }),
        ...(chunks === undefined ? {} : { chunks: [...chunks] }),
        ...(dtype === undefined ? {} : { dtype }),
      });
      const dataset = out.get(name) as InstanceType<typeof high.Dataset>;
      for (const [key, value] of Object.entries(attributes)) dataset.create_attribute(key, value as string);
    }
  }
  out.close();
  return path;
}
