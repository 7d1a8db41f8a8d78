// Failures of the store that are no expected outcome: I/O errors, a database that can't be used.

/** Something on the disk went wrong; the message names it and what to do. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}
