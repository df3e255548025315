// A square canvas that fills its width, is sharp on every screen, and is drawn once for each frame that the browser shows.
import { useEffect, useRef } from "preact/hooks";

export interface Pen {
  readonly context: CanvasRenderingContext2D;
  /** CSS pixels; the context is scaled to them. */
  readonly size: number;
  /** ms, as performance.now(). */
  readonly now: number;
  /** The value of one of the design system's colours: "--seat-0". */
  colour(name: string): string;
}

export function Canvas({
  label,
  draw,
  look = "",
}: {
  readonly label: string;
  readonly look?: string;
  readonly draw: (pen: Pen) => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(draw);
  latest.current = draw;
  useEffect(() => {
    const element = canvas.current as HTMLCanvasElement;
    const context = element.getContext("2d") as CanvasRenderingContext2D;
    const colours = new Map<string, string>();
    // A change of theme changes what the names mean.
    const probe = document.createElement("span");
    probe.hidden = true;
    element.append(probe);
    const forget = (): void => colours.clear();
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", forget);
    const themes = new MutationObserver(forget);
    themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const colour = (name: string): string => {
      let value = colours.get(name);
      if (value === undefined) {
        probe.style.color = `var(${name})`;
        colours.set(name, (value = getComputedStyle(probe).color));
      }
      return value;
    };
    let frame = requestAnimationFrame(function paint(now) {
      const size = element.clientWidth;
      const pixels = Math.round(size * devicePixelRatio);
      if (element.width !== pixels) element.width = element.height = pixels;
      context.setTransform(pixels / size, 0, 0, pixels / size, 0, 0);
      latest.current({ context, size, now, colour });
      frame = requestAnimationFrame(paint);
    });
    return () => {
      cancelAnimationFrame(frame);
      scheme.removeEventListener("change", forget);
      themes.disconnect();
      probe.remove();
    };
  }, []);
  return (
    <div class="frame">
      <canvas ref={canvas} class={`arena ${look}`} role="img" aria-label={label} />
    </div>
  );
}
