// The images of an exam or study as a strip of small pictures, the newest last.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ExamInstance } from "../../api/contract.ts";
import { apiPath } from "../client.ts";
import { strings } from "../strings.ts";

const THUMBNAIL_WIDTH = 160;

export function Strip<T extends ExamInstance>({
  instances,
  selected,
  onSelect,
  marks,
}: {
  instances: readonly T[];
  selected: string | null;
  onSelect: (sopInstanceUid: string) => void;
  /** What is said of an image on its picture. */
  marks?: (instance: T) => ComponentChildren;
}) {
  const list = useRef<HTMLElement>(null);
  useEffect(() => {
    list.current?.querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest" });
  }, [selected]);
  return (
    <section class="strip" ref={list} aria-label={strings.exam.images}>
      {instances.map((instance, index) => (
        <button
          key={instance.sopInstanceUid}
          type="button"
          class="thumbnail"
          aria-pressed={instance.sopInstanceUid === selected}
          aria-label={`${strings.exam.images} ${index + 1}`}
          onClick={() => onSelect(instance.sopInstanceUid)}
        >
          <img
            alt=""
            draggable={false}
            loading="lazy"
            src={`${apiPath("instances", instance.sopInstanceUid, "rendered")}?width=${THUMBNAIL_WIDTH}`}
          />
          <span>
            {index + 1}
            {instance.numberOfFrames > 1 && ` · ${instance.numberOfFrames}`}
          </span>
          {marks?.(instance)}
        </button>
      ))}
    </section>
  );
}
