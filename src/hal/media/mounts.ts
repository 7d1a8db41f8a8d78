// What is mounted where, out of the kernel's table (proc(5), mountinfo).

export interface Mount {
  /** Device node, as the kernel names it. */
  readonly source: string;
  readonly path: string;
  readonly fileSystem: string;
  readonly readOnly: boolean;
}

export function parseMountInfo(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const fields = before.split(" ");
    const [fileSystem = "", source = "", superOptions = ""] = after.split(" ");
    const path = fields[4];
    if (path === undefined || fileSystem === "") return [];
    const options = [...(fields[5] ?? "").split(","), ...superOptions.split(",")];
    return [
      {
        source: unescaped(source),
        path: unescaped(path),
        fileSystem,
        readOnly: options.includes("ro"),
      },
    ];
  });
}

/** Spaces and the like stand there as octal numbers. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
