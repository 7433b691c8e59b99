import type { DevTools } from './dev-tools.ts';
import { eventually } from './fault-stage.ts';

/** How a page is looked at. */
export type View = {
  readonly width: number;
  readonly height: number;
  readonly isPhone?: boolean;
  readonly scheme: 'light' | 'dark';
  /** `prefers-reduced-motion: reduce` */
  readonly isCalm?: boolean;
};

/** An element as assistive technology is told of it. */
export type Accessible = { readonly role: string; readonly name: string };

type AccessibilityNode = {
  readonly ignored: boolean;
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
};

const KEYS = {
  space: { key: ' ', code: 'Space', text: ' ', windowsVirtualKeyCode: 32 },
  tab: { key: 'Tab', code: 'Tab', windowsVirtualKeyCode: 9 },
} as const;

type Evaluated = {
  readonly result: { readonly value?: unknown };
  readonly exceptionDetails?: { readonly exception?: { readonly description?: string } };
};

/** One page in a browser. */
export class Tab {
  readonly #devTools: DevTools;
  readonly #session: string;
  /** What the console showed as an error, and exceptions that nobody caught. */
  readonly errors: string[] = [];

  private constructor(devTools: DevTools, session: string) {
    this.#devTools = devTools;
    this.#session = session;
    devTools.listen(session, (method, params) => this.#hear(method, params));
  }

  static async open(devTools: DevTools, url: string): Promise<Tab> {
    const { browserContextId } = await devTools.send('Target.createBrowserContext');
    const { targetId } = await devTools.send('Target.createTarget', { url: 'about:blank', browserContextId });
    const { sessionId } = await devTools.send('Target.attachToTarget', { targetId, flatten: true });
    const tab = new Tab(devTools, String(sessionId));
    for (const domain of ['Page', 'Runtime', 'Log']) await tab.#send(`${domain}.enable`);
    await tab.#send('Page.navigate', { url });
    return tab;
  }

  /** What an expression gives in the page; it has to fit into JSON. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const answer = await this.#send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    const { result, exceptionDetails } = answer as unknown as Evaluated;
    if (exceptionDetails !== undefined)
      throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    return result.value as Value;
  }

  /** Waits until an expression is true in the page. */
  async until(expression: string, withinMs = 10_000): Promise<void> {
    let page = '';
    const holds = async (): Promise<boolean> => {
      page = await this.evaluate<string>('document.body?.innerText ?? ""');
      // What it asks about may not be there yet.
      return await this.evaluate<boolean>(
        `(() => { try { return Boolean(${expression}); } catch { return false; } })()`,
      );
    };
    const describe = (): string => [...this.errors, page].join('\n');
    await eventually(`the page has ${expression}`, holds, { withinMs, describe });
  }

  /** Presses a key as a user would. */
  async press(key: keyof typeof KEYS): Promise<void> {
    for (const type of ['keyDown', 'keyUp'])
      await this.#send('Input.dispatchKeyEvent', { type, ...KEYS[key] });
  }

  /** What the element of a selector is to assistive technology; null where it is hidden from it. */
  async accessible(selector: string): Promise<Accessible | null> {
    const found = await this.#send('Runtime.evaluate', {
      expression: `document.querySelector('${selector}')`,
    });
    const { objectId } = found.result as { readonly objectId: string };
    const { nodes } = await this.#send('Accessibility.getPartialAXTree', { objectId, fetchRelatives: false });
    const [node] = nodes as readonly AccessibilityNode[];
    if (node === undefined || node.ignored) return null;
    return { role: node.role?.value ?? '', name: node.name?.value ?? '' };
  }

  async view({ width, height, isPhone = false, scheme, isCalm = false }: View): Promise<void> {
    const metrics = { width, height, deviceScaleFactor: 1, mobile: isPhone };
    await this.#send('Emulation.setDeviceMetricsOverride', metrics);
    const features = [
      { name: 'prefers-color-scheme', value: scheme },
      { name: 'prefers-reduced-motion', value: isCalm ? 'reduce' : '' },
    ];
    await this.#send('Emulation.setEmulatedMedia', { features });
  }

  async close(): Promise<void> {
    await this.#send('Page.close');
  }

  /** A PNG of what is in view. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.#send('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(String(data), 'base64');
  }

  #send(method: string, params: Readonly<Record<string, unknown>> = {}) {
    return this.#devTools.send(method, params, this.#session);
  }

  #hear(method: string, params: Readonly<Record<string, unknown>>): void {
    if (method === 'Runtime.exceptionThrown') this.errors.push(JSON.stringify(params));
    if (method === 'Runtime.consoleAPICalled' && params.type === 'error')
      this.errors.push(JSON.stringify(params));
    const entry = params.entry as { readonly level: string } | undefined;
    if (method === 'Log.entryAdded' && entry?.level === 'error') this.errors.push(JSON.stringify(entry));
  }
}
