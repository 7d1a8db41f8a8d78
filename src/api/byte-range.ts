// Range of RFC 9110 §14: one range of bytes; several at once are answered with the whole file.

export type ByteRange =
  | { readonly kind: "whole" }
  | { readonly kind: "part"; readonly start: number; readonly end: number }
  | { readonly kind: "unsatisfiable" };

/** Reads a Range header for a resource of `bytes` bytes; `end` is not included. */
export function parseByteRange(header: string | undefined, bytes: number): ByteRange {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "");
  if (match === null) return { kind: "whole" };
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return { kind: "whole" };
  if (first === "") {
    const suffix = Math.min(Number(last), bytes);
    return suffix === 0
      ? { kind: "unsatisfiable" }
      : { kind: "part", start: bytes - suffix, end: bytes };
  }
  const start = Number(first);
  const end = last === "" ? bytes : Math.min(Number(last) + 1, bytes);
  if (last !== "" && Number(last) < start) return { kind: "whole" };
  return start >= bytes ? { kind: "unsatisfiable" } : { kind: "part", start, end };
}
