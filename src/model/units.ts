// Quantities of radiation and geometry as branded numbers: a wrong unit does not compile. Conversions
// are named; nothing else turns one into another.

declare const unit: unique symbol;
type Quantity<U extends string> = number & { readonly [unit]: U };

/** Dose-area product, Gy·m² (dose report, PS3.16 TID 10003). */
export type GyM2 = Quantity<"Gy.m2">;
/** Dose-area product, dGy·cm² (image header (0018,115E), PS3.3 C.8.7.8). */
export type DGyCm2 = Quantity<"dGy.cm2">;
/** Air kerma or dose, Gy. */
export type Gy = Quantity<"Gy">;
export type Seconds = Quantity<"s">;
export type Milliseconds = Quantity<"ms">;
export type Millimetres = Quantity<"mm">;
export type KiloVolts = Quantity<"kV">;
export type MilliAmperes = Quantity<"mA">;
/** Tube current-time product, mA·s. */
export type MilliAmpereSeconds = Quantity<"mAs">;
export type Degrees = Quantity<"deg">;

export const gyM2 = (value: number) => value as GyM2;
export const gy = (value: number) => value as Gy;
export const seconds = (value: number) => value as Seconds;
export const milliseconds = (value: number) => value as Milliseconds;
export const millimetres = (value: number) => value as Millimetres;
export const kiloVolts = (value: number) => value as KiloVolts;
export const milliAmperes = (value: number) => value as MilliAmperes;
export const milliAmpereSeconds = (value: number) => value as MilliAmpereSeconds;
export const degrees = (value: number) => value as Degrees;

/** 1 Gy·m² = 10 dGy × 10⁴ cm² = 10⁵ dGy·cm². */
export const dGyCm2FromGyM2 = (dap: GyM2) => (dap * 1e5) as DGyCm2;
export const mAsFrom = (current: MilliAmperes, time: Milliseconds) =>
  ((current * time) / 1000) as MilliAmpereSeconds;
