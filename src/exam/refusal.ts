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
export const refused = (code: ExamRefusalCode, detail: string): ExamAnswer<never> => ({
  ok: false,
  refusal: { code, detail },
});
