// The pixel pool as the examination uses it: slots of shared memory and the two ways through the chain.
// A simulation puts something smaller in its place.

import type { SlotPool } from "../core/slot-pool.ts";
import type { FrameResult } from "../workers/pixel/pipeline.ts";
import type { FluoroRequest, FrameRequest } from "../workers/pixel/pixel-pool.ts";

export interface PixelChain {
  readonly raw: SlotPool;
  readonly image: SlotPool;
  readonly display: SlotPool;
  processRadiograph(request: FrameRequest): Promise<FrameResult>;
  processFluoroFrame(request: FluoroRequest): Promise<FrameResult>;
}
