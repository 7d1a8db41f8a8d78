// skeleton
/** Recodes elements between explicit and implicit VR little endian; an open Pixel Data header at the end stays open. */
export function recodeHeader(
  _header: Uint8Array,
  _from: { readonly explicitVr: boolean },
  _to: { readonly explicitVr: boolean },
): Uint8Array {
  throw new Error("not built yet");
}
