// Failures of the store that are no expected outcome: I/O errors, a database that can't be used.

/** Something on the disk went wrong; the message names it and what to do. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}

/** The database is damaged or of a newer program: only another one helps. */
export class UnfitDatabaseError extends StoreError {
  /** What is wrong with it, without what to do: "is damaged (...)". */
  readonly fault: string;

  constructor(message: string, fault: string, cause?: unknown) {
    super(message, { cause });
    this.fault = fault;
  }
}
