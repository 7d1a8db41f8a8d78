// What the image is made of, as CycloneDX: Debian packages as the builder recorded them, npm packages as
// locked. There is no archive of old mirror states to pin to, so this is the record of what went in.

/** The part of mkosi's manifest that is used. */
export interface BuilderManifest {
  readonly packages: readonly {
    readonly name: string;
    readonly version: string;
    readonly architecture: string;
  }[];
}

/** bun.lock, without the trailing commas of its format. */
export interface Lock {
  readonly packages: Readonly<Record<string, readonly unknown[]>>;
}

interface Component {
  readonly type: "library" | "application";
  readonly name: string;
  readonly version: string;
  readonly purl: string;
}

export function billOfMaterials(
  version: string,
  builtMs: number,
  manifest: BuilderManifest,
  npm: readonly { readonly name: string; readonly version: string }[],
): object {
  const components: Component[] = [
    ...manifest.packages.map((p) => ({
      type: "library" as const,
      name: p.name,
      version: p.version,
      purl: `pkg:deb/debian/${p.name}@${encodeURIComponent(p.version)}?arch=${p.architecture}&distro=trixie`,
    })),
    ...npm.map((p) => ({
      type: "library" as const,
      name: p.name,
      version: p.version,
      purl: `pkg:npm/${p.name.replace("@", "%40")}@${p.version}`,
    })),
  ];
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: new Date(builtMs).toISOString(),
      component: { type: "firmware", name: "udr-10a", version },
    },
    components,
  };
}

/** Packages that the given ones need, with themselves, as locked. */
export function lockedPackages(
  lock: Lock,
  roots: readonly string[],
): readonly { name: string; version: string }[] {
  const found = new Map<string, { name: string; version: string }>();
  const visit = (name: string, parent: string) => {
    // A package that two need in two versions is locked below the one that wants the rarer.
    const key = lock.packages[`${parent}/${name}`] === undefined ? name : `${parent}/${name}`;
    const entry = lock.packages[key];
    if (entry === undefined || found.has(key)) return;
    const identity = String(entry[0]);
    const at = identity.lastIndexOf("@");
    found.set(key, { name: identity.slice(0, at), version: identity.slice(at + 1) });
    const needs = entry.find(isNeeds);
    for (const kind of ["dependencies", "optionalDependencies"] as const)
      for (const next of Object.keys(needs?.[kind] ?? {})) visit(next, key);
  };
  for (const root of roots) visit(root, "");
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

interface Needs {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function isNeeds(value: unknown): value is Needs {
  return typeof value === "object" && value !== null;
}
