import { mkdtempSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { FUNCTION_NAMES, pascalCase, type FunctionName } from '../lib/function-names.ts';
import { addStacks } from '../lib/sightline-app.ts';

export const CDK_FOLDER = fileURLToPath(new URL('..', import.meta.url));
export const DEFINITIONS = {
  imageAnalysis: join(CDK_FOLDER, '../statemachine/image-analysis.asl.json'),
  bulkImport: join(CDK_FOLDER, '../statemachine/bulk-import.asl.json'),
};

const CONTEXT = (JSON.parse(readFileSync(join(CDK_FOLDER, 'cdk.json'), 'utf8')) as { context: Record<string, unknown> }).context;

/** A folder that goes with the machine's other temporary files. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'sightline-cdk-'));
}

/** A settings file with this content. */
export function settingsFile(content: unknown): string {
  const file = join(temporaryFolder(), 'settings.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

/** Zips that hold nothing: synthesis only reads their bytes. */
function dummyDist(): string {
  const dist = temporaryFolder();
  for (const flavour of ['local', 'arm64', 'x86_64']) {
    mkdirSync(join(dist, flavour));
    for (const name of FUNCTION_NAMES) writeFileSync(join(dist, flavour, `${name}.zip`), `${flavour} ${name}`);
  }
  return dist;
}

let dist: string | undefined;

/** The app as bin/ makes it, without cdk-nag: with its own cdk.json, and this context. */
export function makeApp(context: Record<string, unknown> = {}, hostArchitecture = 'x64') {
  dist ??= dummyDist();
  const app = new App({ context: { ...CONTEXT, ...context }, outdir: temporaryFolder() });
  return { app, ...addStacks(app, { dist, definitions: DEFINITIONS, hostArchitecture }) };
}

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface Templates {
  readonly stateful: Template;
  readonly stateless: Template;
}

export function templatesOf(context: Record<string, unknown> = {}, hostArchitecture = 'x64'): Templates {
  const { stateful, stateless } = makeApp(context, hostArchitecture);
  return { stateful: Template.fromStack(stateful), stateless: Template.fromStack(stateless) };
}

/** All resources of a type, by logical ID. */
export function resourcesOf(template: Template, type: string): [string, Resource][] {
  return Object.entries(template.findResources(type) as Record<string, Resource>);
}

/** The one resource whose logical ID begins so. */
export function resourceOf(template: Template, type: string, prefix: string): Resource {
  const found = resourcesOf(template, type).filter(([id]) => id.startsWith(prefix));
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} resources ${type} begin with ${prefix}`);
  return found[0][1];
}

/** The constructs of the functions that do not belong to the pipeline. */
const OWNERS: Readonly<Partial<Record<FunctionName, string>>> = {
  reconcile: 'Reconcile',
  'count-trends': 'Trends',
  'report-trends': 'Trends',
  'import-image': 'BulkImport',
};

/** What the logical IDs of a function, of its role and of its log begin with. */
export function functionId(name: FunctionName): string {
  return `${OWNERS[name] ?? 'Functions'}${pascalCase(name)}Function`;
}

/** What stands for this release of a function, and what for whatever is released, in a template. */
export function versionOf(name: FunctionName): RegExp {
  return new RegExp(`^${functionId(name)}CurrentVersion[0-9A-F]{8}[0-9a-f]{32}$`);
}
export function liveOf(name: FunctionName): RegExp {
  return new RegExp(`^${functionId(name)}Live[0-9A-F]{8}$`);
}

/** Both templates, with what changes with every build taken out: hashes of assets, which are part of the names of functions' versions, too; and the state machine's definition, which has its own tests. */
export function normalised(templates: Templates): { stateful: object; stateless: object } {
  const clean = (template: Template): object =>
    JSON.parse(
      JSON.stringify(template.toJSON())
        .replaceAll(/[0-9a-f]{64}/g, '<hash>')
        .replaceAll(/(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}/g, '$1'),
      (key, value: unknown) => (key === 'DefinitionString' ? '<definition>' : value),
    ) as object;
  return { stateful: clean(templates.stateful), stateless: clean(templates.stateless) };
}
