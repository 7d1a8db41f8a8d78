// The part of a GenICam description that a panel's driver needs: which register a feature lies in,
// which number an entry of an enumeration has, which number a command writes. No formulas.

import { DetectorError } from "../detector.ts";

/** Chain of references from a feature to its register; more is a circle. */
const REFERENCES_MAX = 8;

export interface Feature {
  /** Address of its 32-bit register; null: a constant. */
  readonly register: number | null;
  /** Of a constant. */
  readonly value: number;
  /** What a command writes. */
  readonly commandValue: number;
  readonly entries: ReadonlyMap<string, number>;
}

export class Features {
  readonly #nodes: ReadonlyMap<string, string>;

  /** @param xml the description as the panel gives it */
  constructor(xml: string) {
    const nodes = new Map<string, string>();
    const node =
      /<(Integer|IntReg|MaskedIntReg|Enumeration|Command|Float|Boolean)\s[^>]*?Name="([^"]+)"[^>]*>([\s\S]*?)<\/\1>/g;
    for (const [, , name = "", body = ""] of xml.replace(/<!--[\s\S]*?-->/g, "").matchAll(node))
      if (!nodes.has(name)) nodes.set(name, body);
    this.#nodes = nodes;
  }

  /** Null: the panel has no such feature, or one that no plain register holds. */
  find(name: string): Feature | null {
    const first = this.#nodes.get(name);
    if (first === undefined) return null;
    const entries = new Map<string, number>();
    for (const [, entry = "", body = ""] of first.matchAll(
      /<EnumEntry\s[^>]*?Name="([^"]+)"[^>]*>([\s\S]*?)<\/EnumEntry>/g,
    ))
      entries.set(entry, numberOf(tag(body, "Value")) ?? 0);
    const commandValue = numberOf(tag(first, "CommandValue")) ?? 1;
    let body = first.replace(/<EnumEntry[\s\S]*?<\/EnumEntry>/g, "");
    for (let i = 0; i < REFERENCES_MAX; i++) {
      const address = numberOf(tag(body, "Address"));
      if (address !== null) return { register: address, value: 0, commandValue, entries };
      const value = numberOf(tag(body, "Value"));
      if (value !== null) return { register: null, value, commandValue, entries };
      const next = this.#nodes.get(tag(body, "pValue") ?? "");
      if (next === undefined) return null;
      body = next;
    }
    return null;
  }

  /** @throws DetectorError when the panel lacks the feature */
  need(name: string): Feature {
    const feature = this.find(name);
    if (feature === null)
      throw new DetectorError(
        `the panel has no feature ${name}; it can't be used with this driver`,
      );
    return feature;
  }

  /** A constant of the description, or null. */
  constant(name: string): number | null {
    const feature = this.find(name);
    return feature === null || feature.register !== null ? null : feature.value;
  }
}

function tag(body: string, name: string): string | null {
  return new RegExp(`<${name}>\\s*([^<]*?)\\s*</${name}>`).exec(body)?.[1] ?? null;
}

function numberOf(text: string | null): number | null {
  if (text === null || text === "") return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
