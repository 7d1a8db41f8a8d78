// Builds what is not source: the WASM kernels and the kiosk page, into dist/. Each part is skipped
// when nothing it is made of has changed.

import { existsSync } from "node:fs";

for (const part of ["build-kernels.ts", "build-ui.ts"]) {
  const path = new URL(part, import.meta.url);
  if (!existsSync(path)) continue;
  const { build } = (await import(path.href)) as { build(): Promise<void> };
  await build();
}
