// An expected "no" of the examination room, with a code the API turns into a status and a sentence a
// technician can act on.

export type ExamRefusalCode =
  | "not-found"
  | "exam-not-open"
  | "exam-already-open"
  | "no-open-exam"
  | "wrong-modality"
  | "not-ready"
  | "in-use"
  | "wrong-state"
  | "invalid-field"
  | "unknown-reference"
  | "unsupported"
  | "device-fault"
  | "disk-full";

export interface ExamRefusal {
  readonly code: ExamRefusalCode;
  readonly detail: string;
}

export type ExamAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: ExamRefusal };

export const answered = <T>(value: T): ExamAnswer<T> => ({ ok: true, value });
/** `detail` as an error's message is written; what the operator reads is a sentence. */
export const refused = (code: ExamRefusalCode, detail: string): ExamAnswer<never> => ({
  ok: false,
  refusal: { code, detail: sentence(detail) },
});

/** A word that is a name or a unit (kV, DX, exam-1) keeps its letters. */
function sentence(text: string): string {
  const begun = /^[a-z]+(?=[ ,:;]|$)/.test(text)
    ? `${text.charAt(0).toUpperCase()}${text.slice(1)}`
    : text;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
