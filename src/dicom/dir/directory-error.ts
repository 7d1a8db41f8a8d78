// A DICOMDIR that cannot be read or cannot be added to.

/** The message says what is wrong with it; the file itself was not touched. */
export class DirectoryError extends Error {
  override readonly name = "DirectoryError";
}
