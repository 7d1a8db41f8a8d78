// Where an object's file lies. Names are hashes: a UID from a peer may hold anything (quirk Q9), and
// the letters of a hash are safe on every file system.

/** Hexadecimal digits kept of each SHA-256: 128 bits, no two UIDs of one device share them. */
const HASH_DIGITS = 32;

/** Name of the database below the store's folder. */
export const DATABASE_FILE = "database.sqlite";
/** Folder with one folder per study. */
export const OBJECTS = "objects";
/** Files that are being written; whatever lies here at start is rubbish. */
export const INCOMING = "incoming";
/** Objects that peers sent and nobody asked for, see unasked-files.ts. */
export const UNASKED = "unasked";
/** Files that belong to nothing and were not understood, kept for a technician. */
export const QUARANTINE = "quarantine";

export function hashed(uid: string): string {
  return new Bun.CryptoHasher("sha256").update(uid).digest("hex").slice(0, HASH_DIGITS);
}

/** Path of an object below {@link OBJECTS}. */
export function objectPath(studyInstanceUid: string, sopInstanceUid: string): string {
  return `${hashed(studyInstanceUid)}/${hashed(sopInstanceUid)}.dcm`;
}

export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
