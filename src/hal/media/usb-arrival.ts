// Word of a USB device that came or went. On a machine without a USB bus there never is any.

import type { Unsubscribe } from "../../core/listeners.ts";

/** Calls `onChange` at every arrival and removal until it is unsubscribed. */
export async function watchUsb(onChange: () => void): Promise<Unsubscribe> {
  try {
    const { WebUSB } = await import("usb");
    const bus = new WebUSB({ allowAllDevices: true });
    // Without a bus this rejects, and adding a listener would do so where nobody looks.
    await bus.getDevices();
    bus.addEventListener("connect", onChange);
    bus.addEventListener("disconnect", onChange);
    return () => {
      bus.removeEventListener("connect", onChange);
      bus.removeEventListener("disconnect", onChange);
    };
  } catch {
    return () => {};
  }
}
