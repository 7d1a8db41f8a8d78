// Whether a network card's settings can work, before they are written: afterwards nobody may reach the
// device any more who could set them right. IPv4, as the device listens.

import { isIPv4 } from "node:net";
import type { NetworkSettings } from "./appliance.ts";

/** Point-to-point links and whole hospitals; nothing wider or narrower is a card's net. */
const PREFIX_MIN = 8;
const PREFIX_MAX = 30;

interface Net {
  readonly address: number;
  readonly prefix: number;
}

/**
 * What is wrong with the settings, as a sentence with its remedy; null: nothing that can be seen from here.
 * @param now addresses in use, with their prefix, by network card
 */
export function networkFault(
  { interface: card, address, gateway, dns }: NetworkSettings,
  now: readonly { readonly interface: string; readonly address: string }[] = [],
): string | null {
  const other = [...dns, ...(gateway === null ? [] : [gateway])].find((ip) => !isHost(ip));
  if (other !== undefined) return `${other} is no address of another device. Correct it.`;
  if (address === "dhcp")
    return gateway === null
      ? null
      : "With dhcp the gateway comes from the network. Leave it out, or give a fixed address.";
  const net = netOf(address);
  if (net === null || !isHost(address.split("/")[0] ?? ""))
    return `${address} is no address with its prefix length such as 192.0.2.10/24. Correct it.`;
  if (net.prefix < PREFIX_MIN || net.prefix > PREFIX_MAX)
    return `The prefix length is ${PREFIX_MIN} to ${PREFIX_MAX}, not ${net.prefix}. Ask the network's administrator for it.`;
  const hostBits = 32 - net.prefix;
  const host = net.address % 2 ** hostBits;
  if (host === 0 || host === 2 ** hostBits - 1)
    return `${address} is the address of the whole net, not of one device. Correct it.`;
  if (gateway !== null) {
    const at = numberOf(gateway);
    if (at === net.address)
      return "The gateway has the device's own address. Give the address of the router.";
    if (!overlap(net, { address: at, prefix: 32 }))
      return `The gateway ${gateway} is not in the net of ${address}. Correct one of them.`;
  }
  const clash = now.find((found) => {
    const there = found.interface === card ? null : netOf(found.address);
    return there !== null && overlap(net, there);
  });
  return clash === undefined
    ? null
    : `${address} lies in the net of the card ${clash.interface} (${clash.address}). The cards need nets of their own.`;
}

/** Not of this machine, a group, or nobody. */
function isHost(ip: string): boolean {
  if (!isIPv4(ip)) return false;
  const first = Number(ip.split(".")[0]);
  return first !== 0 && first !== 127 && first < 224;
}

function numberOf(ip: string): number {
  return ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** Null for what is no IPv4 address with a prefix length. */
function netOf(text: string): Net | null {
  const [ip = "", prefix = "", ...more] = text.split("/");
  if (!isIPv4(ip) || !/^\d{1,2}$/.test(prefix) || more.length > 0 || Number(prefix) > 32)
    return null;
  return { address: numberOf(ip), prefix: Number(prefix) };
}

function overlap(a: Net, b: Net): boolean {
  const size = 2 ** (32 - Math.min(a.prefix, b.prefix));
  return Math.floor(a.address / size) === Math.floor(b.address / size);
}
