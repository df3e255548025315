// A question above the page, which keeps the keyboard until it is answered. Escape answers as the way out does.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface DialogProps {
  /** What assistive technology calls it. */
  readonly label: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ label, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const gone = useRef(false);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => {
      gone.current = true;
      element?.close(); // gives the keyboard back to where it was
    };
  }, []);
  return (
    <dialog ref={dialog} class="stack" aria-label={label} onClose={() => gone.current || onClose()}>
      {children}
    </dialog>
  );
}
