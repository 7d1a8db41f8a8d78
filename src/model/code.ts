// A coded concept: Code Sequence Macro, PS3.3 §8.8.

export interface Code {
  readonly value: string;
  readonly scheme: string;
  readonly meaning: string;
  readonly schemeVersion?: string | undefined;
}

/** A SOP instance that something else refers to (PS3.3 §10.8). */
export interface SopReference {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}
