// TLS as BCP 195 (RFC 9325) and the non-downgrading profile of PS3.15 B.12 want it: 1.2 or newer,
// forward secrecy and authenticated encryption only. Certificates come from PEM files.

import { readFileSync } from "node:fs";

export const TLS_VERSION_MIN = "TLSv1.2";

/** For TLS 1.2; the suites of TLS 1.3 are all good. */
export const TLS_12_CIPHERS = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
].join(":");

/** A TLS setting that cannot work; the message names the file. */
export class TlsFileError extends Error {
  override readonly name = "TlsFileError";
}

export interface TlsFiles {
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly caFile?: string | undefined;
}

export interface TlsMaterial {
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly ca?: Buffer;
}

/** Reads the PEM files. @throws TlsFileError */
export function readTlsFiles(files: TlsFiles): TlsMaterial {
  const { certFile, keyFile, caFile } = files;
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new TlsFileError("TLS: a certificate needs its key: set both cert and key, or neither");
  return {
    ...(certFile === undefined ? {} : { cert: readPem("certificate", certFile, "CERTIFICATE") }),
    ...(keyFile === undefined ? {} : { key: readPem("key", keyFile, "PRIVATE KEY") }),
    ...(caFile === undefined ? {} : { ca: readPem("authority", caFile, "CERTIFICATE") }),
  };
}

function readPem(what: string, file: string, label: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TlsFileError(`TLS: the ${what} file ${file} cannot be read: ${reason}`, { cause });
  }
  if (!new RegExp(`-----BEGIN [A-Z ]*${label}-----`).test(bytes.toString("latin1")))
    throw new TlsFileError(`TLS: the ${what} file ${file} holds no PEM block "${label}"`);
  return bytes;
}

/** A handshake error in words a technician can act on (A15). */
export function explainTlsError(error: Error, who: string): string {
  const code = (error as { code?: unknown }).code;
  const text = `${typeof code === "string" ? code : ""} ${error.message}`;
  for (const [pattern, meaning] of MEANINGS) if (pattern.test(text)) return `${who}: ${meaning}`;
  return `${who}: TLS failed: ${text.trim()}`;
}

const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [
    /wrong.version.number|http.request|packet.length.too.long|record.layer/i,
    "does not speak TLS on this port; check the port, or switch TLS off for this remote",
  ],
  [
    /protocol.version|unsupported.protocol|inappropriate.fallback/i,
    "offers no TLS version from 1.2 on",
  ],
  [
    /no.shared.cipher|handshake.failure/i,
    "agrees on no cipher suite of BCP 195, or wants a certificate that was not given",
  ],
  [/certificate.required/i, "wants a client certificate; set cert and key for this remote"],
  [
    /alert.unknown.ca|unknown.certificate.authority|tlsv1.alert.unknown.ca/i,
    "does not know the authority that issued our certificate",
  ],
  [
    /alert.*(bad.certificate|certificate.unknown|certificate.revoked|certificate.expired|unsupported.certificate)/i,
    "refused our certificate",
  ],
  [/CERT_HAS_EXPIRED|certificate has expired/i, "its certificate has expired"],
  [/CERT_NOT_YET_VALID|not yet valid/i, "its certificate is not valid yet; check the clock"],
  [
    /SELF_SIGNED|self.signed|UNABLE_TO_(GET_ISSUER|VERIFY)|unable to (get|verify)|CERTIFICATE_VERIFY_FAILED|certificate verify failed/i,
    "its certificate was not issued by the authority in the ca file",
  ],
  [
    /ALTNAME|does not match certificate/i,
    "its certificate bears another name than the host configured",
  ],
  [/KEY_VALUES_MISMATCH|key values mismatch/i, "the key does not belong to the certificate"],
];
