// How a search text of the operator becomes a condition: wildcards as in C-FIND (PS3.4 C.2.2.2.4),
// names without case, dates alone or as a range.

/** Text made comparable: compatibility forms unified, no case. */
export function folded(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/** `*` and `?` to SQL's LIKE; its own signs are taken literally (escape sign: backslash). */
export function likePattern(text: string): string {
  return text
    .replace(/[\\%_]/g, (sign) => `\\${sign}`)
    .replaceAll("*", "%")
    .replaceAll("?", "_");
}

/** "20260105", "2026-01-05", "20260101-20260131", "20260101-", "-20260131"; null for anything else. */
export function dateRange(text: string): { from: string; to: string } | null {
  const plain = text.trim().replace(/(\d{4})-(\d\d)-(\d\d)/g, "$1$2$3");
  const match = /^(\d{8})?(-)?(\d{8})?$/.exec(plain);
  if (match === null || plain === "" || plain === "-") return null;
  const [, first, dash, last] = match;
  if (dash === undefined)
    return first === undefined || last !== undefined ? null : { from: first, to: first };
  return { from: first ?? "00000000", to: last ?? "99999999" };
}
