// Where the program's own files lie. Run from its sources, a thread's code lies beside the code that
// starts it and what is built in dist/; in the bundle everything lies in one folder, as main.js does.

const HERE = import.meta.url;
const IS_BUNDLED = HERE.endsWith(".js");

/**
 * The file of a thread's or process's code.
 * @param name without ending: "pixel-worker"
 * @param from `import.meta.url` of the file beside it
 */
export function programEntry(name: string, from: string): URL {
  return IS_BUNDLED ? new URL(`./${name}.js`, HERE) : new URL(`./${name}.ts`, from);
}

/** Path of what the build makes: "kernels.wasm", "ui". */
export function builtFile(name: string): string {
  return decodeURIComponent(
    new URL(IS_BUNDLED ? `./${name}` : `../../dist/${name}`, HERE).pathname,
  );
}
