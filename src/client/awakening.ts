/** As much of a browser's window and document as there is here. */
type Surroundings = {
  readonly addEventListener?: typeof EventTarget.prototype.addEventListener;
  readonly removeEventListener?: typeof EventTarget.prototype.removeEventListener;
  readonly document?: EventTarget & { readonly visibilityState: string };
};

/**
 * Tells when a browser has its network back (`online`), or a page comes into view: whatever was waited for, somebody looks now.
 * What it gives ends that. Where there is no browser, it never tells.
 */
export function onAwakening(awake: () => void): () => void {
  const { addEventListener, removeEventListener, document } = globalThis as unknown as Surroundings;
  const cameIntoView = (): void => {
    if (document?.visibilityState === 'visible') awake();
  };
  addEventListener?.call(globalThis, 'online', awake);
  document?.addEventListener('visibilitychange', cameIntoView);
  return () => {
    removeEventListener?.call(globalThis, 'online', awake);
    document?.removeEventListener('visibilitychange', cameIntoView);
  };
}
