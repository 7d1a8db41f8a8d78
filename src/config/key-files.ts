// Files that a configuration names: certificates, keys, authorities. A backup takes along those in the data
// folder; without them the device would not start with the configuration.

import type { Configuration } from "./configuration.ts";

/** Paths as they stand in the configuration, each once. */
export function keyFilesOf({ tls, remotes }: Configuration): string[] {
  const named = [
    tls?.certFile,
    tls?.keyFile,
    tls?.caFile,
    ...remotes.flatMap((remote) => [remote.tls?.cert, remote.tls?.key, remote.tls?.ca]),
  ];
  return [...new Set(named.filter((path) => path !== undefined))];
}
