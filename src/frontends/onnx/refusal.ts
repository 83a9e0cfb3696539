/** Why one operator of a file cannot be taken; the importer collects them all. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
export function refuse(why: string): never {
  throw new Refusal(why);
}
