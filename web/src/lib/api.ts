// The typed client of the API. Every answer that is not a success becomes a Trouble: one sentence and a way on.
import type { components, paths } from '../api/schema.js';
import { sessionEnded } from './auth.svelte.ts';
import { client } from './client.ts';
import { texts } from './texts.ts';

type Schemas = components['schemas'];
export type ImageSummary = Schemas['ImageSummary'];
export type Image = Schemas['Image'];
export type Images = Schemas['ImagePage'];
export type Label = Schemas['Label'];
export type Why = Schemas['Why'];
export type Me = Schemas['Me'];
export type Patch = Schemas['Edit'];
/** Sends an owner's change of a photo; resolves to whether it was accepted. `done` is the message then, `undo` the change that takes it back. */
export type Change = (patch: Omit<Patch, 'edits'>, done?: string, undo?: Omit<Patch, 'edits'>) => Promise<boolean>;
export type Problem = Schemas['Problem'];
export type Box = Schemas['Box'];
export type Face = Schemas['Face'];
export type Flag = Schemas['Flag'];
export type Receipt = Schemas['Receipt'];
export type Erasure = Schemas['Erasure'];
export type AnalysisName = Schemas['AnalysisReport']['name'];

/** Why a call failed: `offline` (no answer), `unloaded` (a file of the page did not arrive), `signed-out` (401), or what the API said. */
export type TroubleKind = 'offline' | 'unloaded' | 'signed-out' | 'forbidden' | 'missing' | 'conflict' | 'busy' | 'refused' | 'broken';

export class Trouble extends Error {
  readonly kind: TroubleKind;
  readonly status: number;
  readonly problem: Problem | undefined;
  constructor(kind: TroubleKind, message: string, status = 0, problem?: Problem) {
    super(message);
    this.name = 'Trouble';
    this.kind = kind;
    this.status = status;
    this.problem = problem;
  }
  /** For support: the id under which the API logged the call. */
  get requestId(): string | undefined {
    return this.problem?.requestId;
  }
}

const kinds: Record<number, TroubleKind> = { 401: 'signed-out', 403: 'forbidden', 404: 'missing', 409: 'conflict', 429: 'busy', 503: 'busy' };

/** Anything thrown as a Trouble: an exception of fetch means that there was no answer. */
export function trouble(error: unknown): Trouble {
  if (error instanceof Trouble) return error;
  if (error instanceof TypeError) return new Trouble('offline', navigator.onLine ? texts.errors.unreachable : texts.errors.offline);
  return new Trouble('broken', texts.errors.broken);
}

/** True for the error of a call that was cancelled because its answer is no longer needed. */
export const cancelled = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';

export { client };

/** The data of an answer, or a thrown Trouble: `await answer(client.GET('/api/me', {}))`. */
export async function answer<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let result: { data?: T; error?: unknown; response: Response };
  try {
    result = await call;
  } catch (error) {
    if (cancelled(error)) throw error;
    throw trouble(error);
  }
  const { data, error, response } = result;
  if (response.ok) return data as T;
  if (response.status === 401) sessionEnded();
  const problem = typeof error === 'object' && error !== null && 'title' in error ? (error as Problem) : undefined;
  const kind = kinds[response.status] ?? (response.status >= 500 ? 'broken' : 'refused');
  const sentence = problem?.detail || problem?.title || texts.errors[kind];
  throw new Trouble(kind, sentence, response.status, problem);
}

export type ImageQuery = NonNullable<paths['/api/images']['get']['parameters']['query']>;

export const getMe = (): Promise<Me> => answer(client.GET('/api/me', {}));
export const listImages = (query: ImageQuery, signal?: AbortSignal): Promise<Images> =>
  answer(client.GET('/api/images', { params: { query }, ...(signal ? { signal } : {}) }));
export const listMonths = (): Promise<Schemas['Months']> => answer(client.GET('/api/images/months', {}));
export const getImage = (id: string): Promise<Image> => answer(client.GET('/api/images/{id}', { params: { path: { id } } }));
export const patchImage = (id: string, body: Patch): Promise<Image> => answer(client.PATCH('/api/images/{id}', { params: { path: { id } }, body }));
export const eraseImages = (ids: string[]): Promise<{ receipts: Erasure[] }> => answer(client.POST('/api/images:delete', { body: { ids } }));
export const getAnswer = (id: string, analysis: AnalysisName): Promise<unknown> =>
  answer(client.GET('/api/images/{id}/answers/{analysis}', { params: { path: { id, analysis } } }));
export const listTerms = (prefix: string, signal?: AbortSignal): Promise<Schemas['Terms']> =>
  answer(client.GET('/api/terms', { params: { query: { prefix } }, ...(signal ? { signal } : {}) }));
