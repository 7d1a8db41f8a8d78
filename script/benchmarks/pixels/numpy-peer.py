# Offset and gain, and window, by NumPy: the work of our kernels on arrays of the same size, results into
# arrays that are there already. Prints the times in ms as JSON.

import json
import sys
import time

import numpy as np

side, rounds, frames = (int(word) for word in sys.argv[1:])
random = np.random.default_rng(1)
raw = [random.integers(300, 16000, (side, side), dtype=np.uint16) for _ in range(frames)]
offset = np.full((side, side), 300, np.uint16)
gain = np.full((side, side), 33000, np.uint16)
less = np.empty((side, side), np.uint16)
wide = np.empty((side, side), np.uint32)
out = np.empty((side, side), np.uint16)
real = np.empty((side, side), np.float32)
grey = np.empty((side, side), np.uint8)
levels = np.clip((np.arange(65536) - 500) * (255 / 2999), 0, 255).astype(np.uint8)


def correct(frame):
    np.maximum(frame, offset, out=less)
    np.subtract(less, offset, out=less)
    np.multiply(less, gain, out=wide, dtype=np.uint32)
    np.right_shift(wide, 15, out=wide)
    np.minimum(wide, 65535, out=wide)
    np.copyto(out, wide, casting="unsafe")


def window(frame):
    np.multiply(frame, np.float32(255 / 2999), out=real)
    np.subtract(real, np.float32(500 * 255 / 2999), out=real)
    np.clip(real, 0, 255, out=real)
    np.copyto(grey, real, casting="unsafe")


def table(frame):
    np.take(levels, frame, out=grey, mode="clip")


work = {
    "offset and gain: NumPy, one thread": correct,
    "window: NumPy, one thread": window,
    "window: NumPy by table, one thread": table,
}
times = {name: [] for name in work}
for turn in range(-2, rounds):
    for name, one in work.items():
        frame = raw[turn % frames]
        start = time.perf_counter()
        one(frame)
        if turn >= 0:
            times[name].append((time.perf_counter() - start) * 1000)
print(json.dumps(times))
