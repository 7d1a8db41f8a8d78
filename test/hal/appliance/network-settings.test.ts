import { expect, test } from "bun:test";
import { networkFault } from "../../../src/hal/appliance/network-settings.ts";

const set = (address: string, gateway: string | null = null, ...dns: string[]) => ({
  interface: "hospital",
  address,
  gateway,
  dns,
});
const NOW = [
  { interface: "hospital", address: "192.0.2.7/24" },
  { interface: "panel", address: "169.254.100.1/16" },
  { interface: "panel", address: "fe80::1/64" },
];

// settings, and what the sentence holds; null: they can work.
const CASES: readonly (readonly [ReturnType<typeof set>, string | null])[] = [
  [set("dhcp"), null],
  [set("dhcp", null, "192.0.2.2"), null],
  [set("192.0.2.10/24"), null],
  [set("192.0.2.10/24", "192.0.2.1", "10.0.0.1", "10.0.0.2"), null],
  [set("10.1.2.3/8", "10.255.255.254"), null],
  [set("192.0.2.9/30", "192.0.2.10"), null],
  [set("dhcp", "192.0.2.1"), "the gateway comes from the network"],
  [set("192.0.2.10"), "no address with its prefix length"],
  [set("192.0.2.10/33"), "no address with its prefix length"],
  [set("192.0.2.10/24/1"), "no address with its prefix length"],
  [set("2001:db8::1/64"), "no address with its prefix length"],
  [set("127.0.0.2/24"), "no address with its prefix length"],
  [set("224.0.0.1/24"), "no address with its prefix length"],
  [set("0.0.0.5/24"), "no address with its prefix length"],
  [set("192.0.2.10/31"), "8 to 30, not 31"],
  [set("10.0.0.1/7"), "8 to 30, not 7"],
  [set("192.0.2.0/24"), "of the whole net"],
  [set("192.0.2.255/24"), "of the whole net"],
  [set("192.0.2.10/24", "192.0.2.10"), "own address"],
  [set("192.0.2.10/24", "192.0.3.1"), "not in the net"],
  [set("192.0.2.10/24", "127.0.0.1"), "127.0.0.1 is no address of another device"],
  [set("192.0.2.10/24", null, "255.255.255.255"), "255.255.255.255 is no address"],
  // Only part of the panel's net, which is as bad.
  [set("169.254.100.7/24"), "net of the card panel (169.254.100.1/16)"],
  [set("169.254.7.7/24"), "net of the card panel (169.254.100.1/16)"],
];

for (const [settings, words] of CASES) {
  const { address, gateway, dns } = settings;
  test(`${address} by ${gateway ?? "none"}, names from ${dns.join(" ") || "none"}: ${words ?? "fit"}`, () => {
    const fault = networkFault(settings, NOW);
    if (words === null) expect(fault).toBeNull();
    else expect(fault).toContain(words);
  });
}
