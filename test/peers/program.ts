// Runs a program of a peer to its end.

export interface Ran {
  readonly code: number;
  /** Both outputs. */
  readonly said: string;
}

/** Exit code and output of a command; TCP_NODELAY as both DCMTK ends have it everywhere here. */
export async function run(command: readonly string[]): Promise<Ran> {
  const child = Bun.spawn([...command], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, TCP_NODELAY: "1" },
  });
  const [out, error, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, said: out + error };
}

/** Whether every one of these programs is installed. */
export function installed(...programs: readonly string[]): boolean {
  return programs.every((program) => Bun.which(program) !== null);
}
