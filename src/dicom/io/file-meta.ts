// skeleton
export interface FileMeta {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly implementationClassUid: string;
  readonly implementationVersionName?: string | undefined;
  readonly sourceAeTitle?: string | undefined;
}
/** The File Meta group with its group length, without preamble. */
export function encodeFileMeta(_meta: FileMeta): Uint8Array {
  throw new Error("not built yet");
}
