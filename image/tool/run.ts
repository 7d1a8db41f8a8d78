// Running other programs, with what went wrong said in one line.

/** A program that is needed failed; the message names it and shows what it said last. */
export class RunError extends Error {
  override readonly name = "RunError";
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Output goes to this terminal instead of being collected. */
  readonly show?: boolean;
  readonly stdin?: string;
}

/** Lines of a failed program's output that its error shows. */
const SHOWN_LINES = 12;

/**
 * Runs a program to its end and answers what it wrote.
 * @throws RunError when it is missing or ends with another code than 0
 */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const pipe = options.show === true ? "inherit" : "pipe";
  const child = Bun.spawn([...command], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdin: options.stdin === undefined ? "ignore" : Buffer.from(options.stdin),
    stdout: pipe,
    stderr: pipe,
  });
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    child.exited,
  ]);
  if (code === 0) return out;
  const last = `${out}\n${err}`.trim().split("\n").slice(-SHOWN_LINES).join("\n");
  throw new RunError(`${command.slice(0, 3).join(" ")} ... ended with ${code}\n${last}`);
}

async function text(stream: ReadableStream<Uint8Array> | number | undefined): Promise<string> {
  return stream instanceof ReadableStream ? await new Response(stream).text() : "";
}
