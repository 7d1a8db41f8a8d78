// Every object of a study with what has become of it, those without a picture as well.

import type { Study } from "../../api/contract.ts";
import { strings } from "../strings.ts";
import { Dialog } from "./dialog.tsx";
import { MarkList } from "./marks.tsx";

const words = strings.marks;

export function ObjectsDialog({ study, onClose }: { study: Study; onClose: () => void }) {
  return (
    <Dialog title={words.allTitle} wide onClose={onClose}>
      <div class="rows">
        {study.series
          .flatMap((series) => series.instances)
          .map((instance) => (
            <div class="row static object-row" key={instance.sopInstanceUid}>
              <span class="row-main">
                <b>
                  {instance.modality} {words.object(instance.seriesNumber, instance.instanceNumber)}
                </b>
                <span>
                  {instance.rows === 0 && words.noPicture}
                  {instance.numberOfFrames > 1 && words.frames(instance.numberOfFrames)}
                </span>
              </span>
              <MarkList instance={instance} />
            </div>
          ))}
      </div>
    </Dialog>
  );
}
