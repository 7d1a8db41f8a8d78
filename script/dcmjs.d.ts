// What is used of dcmjs, which ships no types.

declare module "dcmjs/dictionary" {
  const dictionary: Readonly<
    Record<
      string,
      {
        readonly tag?: string | undefined;
        readonly vr?: string | undefined;
        readonly name?: string | undefined;
        readonly vm?: string | undefined;
        readonly version?: string | undefined;
      }
    >
  >;
  export default dictionary;
}

declare module "dcmjs" {
  interface DcmjsElement {
    readonly vr: string;
    readonly Value: readonly unknown[];
  }
  interface DcmjsDict {
    readonly meta: Readonly<Record<string, DcmjsElement>>;
    readonly dict: Readonly<Record<string, DcmjsElement>>;
    write(options?: object): ArrayBuffer;
  }
  const dcmjs: {
    readonly data: {
      readonly DicomMessage: { readFile(bytes: ArrayBuffer, options?: object): DcmjsDict };
      readonly DicomMetaDictionary: {
        naturalizeDataset(dict: object): Record<string, unknown>;
      };
    };
    readonly log: { setLevel(level: string): void };
  };
  export default dcmjs;
}
