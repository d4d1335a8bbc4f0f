import {
  coreErrorCodes,
  type EventSource,
  hasCode,
  parseConfig,
  type ResourceUsage,
  TypedEmitter,
} from '@paracle/core';
import { z } from 'zod';
import type { Sandbox } from '../lifecycle/sandbox.js';
import { SAMPLE_METRICS, type SampleMetric, type SandboxSample, toSample } from './sample.js';
import { SampleStatistics, type SampleSummary } from './sample-statistics.js';

/** How a sandbox is watched. */
export interface SandboxMonitorOptions {
  /** Time between samples, in seconds; at least 0.05. @defaultValue 1 */
  readonly intervalSeconds?: number;
  /** Samples that `samples` keeps, the oldest go first; at most 1,000,000. @defaultValue 3600 */
  readonly maxSamples?: number;
  /** Values whose crossing is told by the events `exceeded` and `recovered`. @defaultValue {} */
  readonly thresholds?: { readonly [Metric in SampleMetric]?: number };
}

/** What a monitor tells. */
export interface SandboxMonitorEvents {
  readonly sample: readonly [event: { readonly sample: SandboxSample }];
  /** A metric is above its threshold and was not in the sample before. */
  readonly exceeded: readonly [event: ThresholdEvent];
  /** A metric is no longer above its threshold. */
  readonly recovered: readonly [event: ThresholdEvent];
}

/** A metric that crossed its threshold. */
export interface ThresholdEvent {
  readonly metric: SampleMetric;
  readonly threshold: number;
  readonly value: number;
  readonly sample: SandboxSample;
}

/** How long a closing monitor waits for its last sample. */
const LAST_SAMPLE_MS = 1000;

const optionsSchema = z.strictObject({
  intervalSeconds: z.number().min(0.05).max(86_400).default(1),
  maxSamples: z.int().min(1).max(1_000_000).default(3600),
  thresholds: z.partialRecord(z.enum(SAMPLE_METRICS), z.number().min(0)).default({}),
});

/**
 * Samples what a sandbox uses, from when it is made until it is closed or the sandbox ends. The
 * supervisor inside is asked (0.3 ms), since the engine's own statistics take a second a call.
 */
export class SandboxMonitor {
  readonly #sandbox: Sandbox;
  readonly #options: z.infer<typeof optionsSchema>;
  readonly #emitter = new TypedEmitter<SandboxMonitorEvents>();
  readonly #statistics = new SampleStatistics();
  readonly #samples: SandboxSample[] = [];
  readonly #exceeded = new Set<SampleMetric>();
  readonly #waiting = new Set<() => void>();
  readonly #running: Promise<void>;
  readonly #lastCall = new AbortController();
  #firstAt: number | undefined;
  #before: ResourceUsage | undefined;
  #taken = 0;
  #isClosed = false;
  #hasEnded = false;
  #timer: NodeJS.Timeout | undefined;
  #wake: () => void = () => undefined;

  /** @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` if an option is unknown or wrong */
  constructor(sandbox: Sandbox, options: SandboxMonitorOptions = {}) {
    this.#sandbox = sandbox;
    this.#options = parseConfig(optionsSchema, options, 'sandbox monitor options');
    this.#running = this.#run();
  }

  /** Listens to `sample`, `exceeded` and `recovered`; the returned function ends that. */
  on: EventSource<SandboxMonitorEvents>['on'] = (name, listener) => this.#emitter.on(name, listener);

  /** The newest samples, oldest first: a copy. */
  get samples(): readonly SandboxSample[] {
    return [...this.#samples];
  }

  /** Averages over all samples so far, those included that are no longer kept. */
  getAverages(): SampleSummary {
    return this.#statistics.averages;
  }

  /** The highest values of all samples so far: of moments that were looked at, not of those between. */
  getPeaks(): SampleSummary {
    return this.#statistics.peaks;
  }

  /** Samples from now on, until the monitor is closed or the sandbox has ended. One that is too slow misses some. */
  async *[Symbol.asyncIterator](): AsyncGenerator<SandboxSample, void, void> {
    let seen = this.#taken;
    for (;;) {
      const missed = this.#taken - seen;
      seen = this.#taken;
      if (missed > 0) yield* this.#samples.slice(-missed);
      else if (this.#hasEnded) return;
      else await this.#next();
    }
  }

  /** Takes a last sample, unless the sandbox does not answer, and ends. May be called again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    // A sandbox that is paused never answers.
    const timer = setTimeout(() => this.#lastCall.abort(), LAST_SAMPLE_MS);
    await this.#running;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Who waits for a sample keeps the process alive; else a monitor does not. */
  async #next(): Promise<void> {
    this.#timer?.ref();
    await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async #run(): Promise<void> {
    void this.#sandbox.ended.then(() => {
      this.#isClosed = true;
      this.#wake();
    });
    const intervalMs = this.#options.intervalSeconds * 1000;
    const startedAt = performance.now();
    for (let turn = 0; await this.#sample(); ) {
      if (this.#isClosed) break;
      // By the start, not by the turn before, so that delays don't add up; turns that were missed are left out.
      turn = Math.max(turn + 1, Math.ceil((performance.now() - startedAt) / intervalMs));
      await this.#sleep(startedAt + turn * intervalMs - performance.now());
    }
    this.#isClosed = true;
    this.#hasEnded = true;
    this.#notify();
  }

  /** Takes one sample, if the sandbox answers; false where it gives none any more. */
  async #sample(): Promise<boolean> {
    const askedAt = performance.now();
    try {
      const usage = await this.#sandbox.getStats({ signal: this.#lastCall.signal });
      this.#firstAt ??= askedAt;
      this.#keep(toSample(usage, this.#before, askedAt - this.#firstAt));
      this.#before = usage;
      return true;
    } catch (error) {
      // Else it has ended, and everybody who uses it is told so.
      return hasCode(error, coreErrorCodes.supervisorTimeout);
    }
  }

  #keep(sample: SandboxSample): void {
    this.#samples.push(sample);
    if (this.#samples.length > this.#options.maxSamples) this.#samples.shift();
    this.#taken++;
    this.#statistics.add(sample);
    this.#emitter.emit('sample', { sample });
    for (const metric of SAMPLE_METRICS) this.#compare(metric, sample);
    this.#notify();
  }

  #compare(metric: SampleMetric, sample: SandboxSample): void {
    const threshold = this.#options.thresholds[metric];
    const value = sample[metric];
    if (threshold === undefined || value === undefined || value > threshold === this.#exceeded.has(metric)) return;
    if (value > threshold) this.#exceeded.add(metric);
    else this.#exceeded.delete(metric);
    this.#emitter.emit(value > threshold ? 'exceeded' : 'recovered', { metric, threshold, value, sample });
  }

  #notify(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  async #sleep(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#timer = setTimeout(resolve, Math.max(0, milliseconds)).unref();
      this.#wake = () => {
        clearTimeout(this.#timer);
        resolve();
      };
    });
  }
}
