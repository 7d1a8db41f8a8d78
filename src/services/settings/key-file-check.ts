// Whether a PEM file is what the configuration takes it for, before anything uses it. Pure.

import { createPrivateKey, X509Certificate } from "node:crypto";
import type { KeyFileRole } from "../../config/settings-document.ts";

/** Why it cannot be used, after "The file ... "; null: it can. */
export function keyFileFault(role: KeyFileRole, text: string): string | null {
  switch (role) {
    case "certificate":
    case "authority":
      return certificateOf(text) === null ? "holds no certificate that can be read (PEM)" : null;
    case "key":
      return keyOf(text) === null
        ? "holds no private key that can be read (PEM, without a password)"
        : null;
    default:
      return role satisfies never;
  }
}

/** True where the key is that of the certificate; both can be read. */
export function belongTogether(certificate: string, key: string): boolean {
  const [made, own] = [certificateOf(certificate), keyOf(key)];
  return made !== null && own !== null && made.checkPrivateKey(own);
}

function certificateOf(text: string): X509Certificate | null {
  try {
    return new X509Certificate(text);
  } catch {
    return null;
  }
}

function keyOf(text: string) {
  try {
    return createPrivateKey(text);
  } catch {
    return null;
  }
}
