// A dialog over the screen; everything behind it waits.

import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { strings } from "../strings.ts";
import { Button, IconButton } from "./button.tsx";
import { stopTyping } from "./keyboard.tsx";

export function Dialog({
  title,
  onClose,
  wide = false,
  children,
  actions,
}: {
  title: string;
  onClose: () => void;
  wide?: boolean;
  children: ComponentChildren;
  actions?: ComponentChildren;
}) {
  useEffect(() => {
    stopTyping();
    return stopTyping;
  }, []);
  return (
    <div class="veil">
      <div
        class={`dialog${wide ? " wide" : ""}`}
        role="dialog"
        aria-modal="true"
        aria-label={title}
        onMouseDown={keepTyping}
      >
        <header>
          <h2>{title}</h2>
          <IconButton label={strings.close} icon="close" onPress={onClose} />
        </header>
        <div class="dialog-body">{children}</div>
        {actions && <footer>{actions}</footer>}
      </div>
    </div>
  );
}

/**
 * A button leaves the focus to the field: the keyboard that went away would move the dialog from under the
 * finger, and the press would be lost.
 */
function keepTyping(event: MouseEvent): void {
  if (event.target instanceof Element && event.target.closest("button") !== null)
    event.preventDefault();
}

export function Confirm({
  title,
  text,
  action,
  kind = "primary",
  onConfirm,
  onClose,
}: {
  title: string;
  text: string;
  action: string;
  kind?: "primary" | "danger";
  onConfirm: () => void;
  onClose: () => void;
}) {
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button label={strings.cancel} onPress={onClose} />
          <Button label={action} kind={kind} onPress={onConfirm} />
        </>
      }
    >
      <p>{text}</p>
    </Dialog>
  );
}
