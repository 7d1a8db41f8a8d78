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
  cancels = false,
  children,
  actions,
}: {
  title: string;
  onClose: () => void;
  wide?: boolean;
  /** "Cancel" stands before the actions. */
  cancels?: boolean;
  children: ComponentChildren;
  actions?: ComponentChildren;
}) {
  useEffect(() => {
    stopTyping();
    return stopTyping;
  }, []);
  // A field that lost the focus between press and release would take the keyboard away and move what is pressed.
  const keepFocus = (event: MouseEvent) => {
    if (!(event.target instanceof HTMLInputElement)) event.preventDefault();
  };
  return (
    <div class="veil">
      <div
        class={`dialog${wide ? " wide" : ""}`}
        role="dialog"
        aria-modal="true"
        aria-label={title}
        onMouseDown={keepFocus}
      >
        <header>
          <h2>{title}</h2>
          <IconButton label={strings.close} icon="close" onPress={onClose} />
        </header>
        <div class="dialog-body">{children}</div>
        {(cancels || actions) && (
          <footer>
            {cancels && <Button label={strings.cancel} onPress={onClose} />}
            {actions}
          </footer>
        )}
      </div>
    </div>
  );
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
      cancels
      actions={<Button label={action} kind={kind} onPress={onConfirm} />}
    >
      <p>{text}</p>
    </Dialog>
  );
}
