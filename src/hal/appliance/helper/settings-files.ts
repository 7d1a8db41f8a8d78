// Settings of the system as its services read them: timesyncd.conf(5), systemd.network(5). Every value
// was judged before it comes here (messages.ts): none holds a line's end.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { NetworkSettings } from "../appliance.ts";
import type { StatusAnswer } from "../messages.ts";

const OWNER = "# Written by the device; set it on its System screen.";

export function timeServersFile({ servers }: { readonly servers: readonly string[] }): string {
  return [OWNER, "[Time]", "NTP=", ...servers.map((server) => `NTP=${server}`), ""].join("\n");
}

/** The servers of a file made by {@link timeServersFile}; none where it is not there. */
export async function readTimeServers(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line.startsWith("NTP="))
    .map((line) => line.slice("NTP=".length))
    .filter((server) => server !== "");
}

export function networkFile(settings: NetworkSettings): string {
  const { address, gateway, dns } = settings;
  return [
    OWNER,
    "[Match]",
    `Name=${settings.interface}`,
    "",
    "[Network]",
    "LinkLocalAddressing=no",
    "IPv6AcceptRA=no",
    address === "dhcp" ? "DHCP=ipv4" : `Address=${address}`,
    ...(gateway === null ? [] : [`Gateway=${gateway}`]),
    ...dns.map((server) => `DNS=${server}`),
    "",
  ].join("\n");
}

/** What the files of a folder set, card by card, whether {@link networkFile} wrote them or somebody did. */
export async function readNetworkFiles(
  folder: string,
): Promise<StatusAnswer["network"]["settings"]> {
  const names = (await readdir(folder).catch(() => [])).sort();
  const settings: StatusAnswer["network"]["settings"] = [];
  for (const name of names) {
    const [, card] = /^10-([a-z][a-z0-9]{0,14})\.network$/.exec(name) ?? [];
    if (card === undefined) continue;
    const text = await readFile(join(folder, name), "utf8").catch(() => "");
    const valuesOf = (key: string) =>
      text
        .split("\n")
        .filter((line) => line.startsWith(`${key}=`))
        .map((line) => line.slice(key.length + 1).trim())
        .filter((value) => value !== "");
    const [address = "dhcp"] = valuesOf("Address");
    const [gateway = null] = valuesOf("Gateway");
    settings.push({ interface: card, address, gateway, dns: valuesOf("DNS") });
  }
  return settings;
}
