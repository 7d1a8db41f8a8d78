import { expect, test } from "bun:test";
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockedPackages } from "../../image/tool/bill-of-materials.ts";
import { KeyError, signingKey } from "../../image/tool/signing-key.ts";
import { sha256Of, signFolder } from "../../image/tool/update-files.ts";

function tempFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "udr-image-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

test("an update set's sums name every file and bear the key's signature", async () => {
  using folder = tempFolder();
  const place = folder.path;
  using keyFolder = tempFolder();
  const file = join(keyFolder.path, "key.pem");
  const { privateKey } = generateKeyPairSync("ed25519");
  writeFileSync(file, privateKey.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(join(place, "b.raw"), "root");
  writeFileSync(join(place, "a.efi"), "kernel");
  const key = signingKey(file, keyFolder.path);
  await signFolder(place, key);

  const sums = readFileSync(join(place, "SHA256SUMS"));
  expect(sums.toString()).toBe(
    `${await sha256Of(join(place, "a.efi"))}  a.efi\n${await sha256Of(join(place, "b.raw"))}  b.raw\n`,
  );
  const signature = readFileSync(join(place, "SHA256SUMS.sig"));
  expect(signature.length).toBe(64);
  expect(verify(null, sums, createPublicKey(key.publicPem), signature)).toBe(true);
});

test("a key of another kind is refused with how to make one", () => {
  using folder = tempFolder();
  const file = join(folder.path, "rsa.pem");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(file, privateKey.export({ type: "pkcs8", format: "pem" }));
  expect(() => signingKey(file, folder.path)).toThrow(KeyError);
  expect(() => signingKey(file, folder.path)).toThrow(/genpkey -algorithm ed25519/);
});

test("the bill of materials lists what is needed, with what that needs, once", () => {
  const lock = {
    packages: {
      a: ["a@1.0.0", "", { dependencies: { b: "^2" } }, "sha512-x"],
      b: ["b@2.1.0", "", {}, "sha512-x"],
      "c/b": ["b@1.9.0", "", {}, "sha512-x"],
      c: ["@scope/c@3.0.0", "", { dependencies: { b: "^1", a: "^1" } }, "sha512-x"],
      unused: ["unused@9.0.0", "", {}, "sha512-x"],
    },
  };
  expect(lockedPackages(lock, ["a", "c"])).toEqual([
    { name: "@scope/c", version: "3.0.0" },
    { name: "a", version: "1.0.0" },
    { name: "b", version: "2.1.0" },
    { name: "b", version: "1.9.0" },
  ]);
});
