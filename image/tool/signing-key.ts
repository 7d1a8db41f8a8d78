// The key update sets are signed with: the manufacturer's, given as a file, or one for development.

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Names the file with the private key (PKCS#8 PEM, Ed25519). */
export const KEY_VARIABLE = "UDR_UPDATE_KEY";

export interface SigningKey {
  /** SPKI PEM: what the device checks with. */
  readonly publicPem: string;
  readonly isDevelopment: boolean;
  /** 64 bytes of Ed25519. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** The given key cannot be used. */
export class KeyError extends Error {
  override readonly name = "KeyError";
}

/** @param file the manufacturer's key; null: a development key kept in the working folder */
export function signingKey(file: string | null, workFolder: string): SigningKey {
  if (file !== null) return keyOf(readKey(file), false);
  const own = join(workFolder, "development-key.pem");
  if (!existsSync(own)) {
    const { privateKey } = generateKeyPairSync("ed25519");
    writeFileSync(own, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  }
  process.stdout.write(
    [
      "image: ********************************************************************",
      "image: *  DEVELOPMENT KEY: this image takes updates from whoever has this   *",
      `image: *  working folder. For a product: ${KEY_VARIABLE}=FILE script/image    *`,
      "image: ********************************************************************\n",
    ].join("\n"),
  );
  return keyOf(readKey(own), true);
}

function readKey(file: string): KeyObject {
  if (!existsSync(file)) throw new KeyError(`the signing key ${file} is not there`);
  const key = createPrivateKey(readFileSync(file));
  if (key.asymmetricKeyType !== "ed25519")
    throw new KeyError(
      `${file} is no Ed25519 key; make one with: openssl genpkey -algorithm ed25519 -out ${file}`,
    );
  return key;
}

function keyOf(key: KeyObject, isDevelopment: boolean): SigningKey {
  return {
    publicPem: createPublicKey(key).export({ type: "spki", format: "pem" }).toString(),
    isDevelopment,
    sign: (bytes) => sign(null, bytes, key),
  };
}
