// What others said, within a sentence of ours: a peer's Error Comment, a printer's status text, a value of a
// data set. It stands in these quotation marks, which nothing else here uses, so that the log can leave it
// out: others write patients' names wherever they like.

/** The words, marked as another's: “volume 3 is full”. */
export function foreign(words: string): string {
  return `“${words.replace(/[“”]/g, '"')}”`;
}

/** The text with every other's words left out; also where it was cut within them. */
export function withoutForeign(text: string): string {
  return text.replace(/“[^”]*(?:”|$)/g, "“…”");
}
