/**
 * The items of a CIF text: `_category.item value`, and `loop_` with the names first and then rows of values.
 *
 * Source: International Tables for Crystallography G, 2.2. Comments and text fields between semicolons are passed over.
 */

/** Every value of the item `name`, in order: one, or one a row of its loop. */
export function cifValues(text: string, name: string): readonly string[] {
  const wanted = name.toLowerCase();
  const values: string[] = [];
  let names: string[] = [];
  let looped = false;
  let inLoop: 'no' | 'names' | 'values' = 'no';
  let place = 0;
  for (const word of wordsOf(text)) {
    if (/^(loop_|data_.*|save_.*)$/i.test(word)) {
      inLoop = /^loop_$/i.test(word) ? 'names' : 'no';
      names = [];
    } else if (word.startsWith('_')) {
      looped = inLoop === 'names';
      names = looped ? [...names, word.toLowerCase()] : [word.toLowerCase()];
      if (inLoop === 'values') inLoop = 'no';
      place = 0;
    } else if (names.length > 0) {
      if (looped) inLoop = 'values';
      if (names[place % names.length] === wanted) values.push(word.replace(/^(['"])(.*)\1$/, '$2'));
      place++;
      if (!looped) names = [];
    }
  }
  return values;
}

/** Words outside comments and text fields; a quoted text and a text field are one word. */
function wordsOf(text: string): readonly string[] {
  return (text.match(/^;[^]*?^;|'[^'\r\n]*'(?=\s|$)|"[^"\r\n]*"(?=\s|$)|#[^\r\n]*|[^\s]+/gm) ?? []).filter(
    (word) => !word.startsWith('#'),
  );
}
