// A throw-away authority and certificates, made by the openssl program when the tests run.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { which } from "bun";

export const opensslMissing = which("openssl") === null;

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

function openssl(...args: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["openssl", ...args], {
    stdout: "ignore",
    stderr: "pipe",
  });
  if (exitCode !== 0) throw new Error(`openssl ${args[0]}: ${stderr.toString()}`);
}

export class Authority implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "udr-tls-"));
  readonly caFile = join(this.folder, "ca.crt");
  readonly #caKey = join(this.folder, "ca.key");

  constructor(name = "Test Authority") {
    this.#selfSigned(name);
  }

  #selfSigned(name: string): void {
    openssl(
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-keyout", this.#caKey, "-out", this.caFile, "-subj", `/CN=${name}`, "-days", "2"],
    );
  }

  /** A certificate of this authority. `days` may be negative: then it has expired. */
  issue(
    name: string,
    options: { readonly altName?: string; readonly days?: number } = {},
  ): CertificateFiles {
    const { altName, days = 2 } = options;
    const file = (extension: string) => join(this.folder, `${name}.${extension}`);
    openssl(
      ...["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-keyout", file("key"), "-out", file("csr"), "-subj", `/CN=${name}`],
    );
    writeFileSync(file("ext"), altName === undefined ? "" : `subjectAltName=${altName}\n`);
    openssl(
      ...["x509", "-req", "-in", file("csr"), "-CA", this.caFile, "-CAkey", this.#caKey],
      ...["-CAcreateserial", "-out", file("crt"), "-days", String(days), "-extfile", file("ext")],
    );
    return { certFile: file("crt"), keyFile: file("key") };
  }

  write(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
