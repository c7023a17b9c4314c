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

const HEADERS = join(CDK_FOLDER, '../web/headers.json');

const CONTEXT = (JSON.parse(readFileSync(join(CDK_FOLDER, 'cdk.json'), 'utf8')) as { context: Record<string, unknown> }).context;

/** A new folder below the system's temporary folder. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'sightline-cdk-'));
}

/** Path of a new settings file with this content. */
export function settingsFile(content: unknown): string {
  const file = join(temporaryFolder(), 'settings.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

/** A folder of placeholder zips: synthesis only hashes them. */
function dummyDist(): string {
  const dist = temporaryFolder();
  for (const target of ['local', 'arm64', 'x86_64']) {
    mkdirSync(join(dist, target));
    for (const name of FUNCTION_NAMES) writeFileSync(join(dist, target, `${name}.zip`), `${target} ${name}`);
  }
  return dist;
}

/** A folder of a built page. */
function dummySite(): string {
  const site = temporaryFolder();
  mkdirSync(join(site, 'assets'));
  for (const file of ['index.html', 'assets/index-0.js']) writeFileSync(join(site, file), file);
  return site;
}

let dist: string | undefined;
let site: string | undefined;

/** Template tests read no asset, and a copy of all assets is 22 MB for each app. */
const WITHOUT_COPIES_OF_ASSETS = { 'aws:cdk:disable-asset-staging': true };

/** The app as in bin/, without cdk-nag, with the context of cdk.json and this one. */
export function makeApp(context: Record<string, unknown> = {}, hostArchitecture = 'x64') {
  dist ??= dummyDist();
  site ??= dummySite();
  const app = new App({ context: { ...CONTEXT, ...WITHOUT_COPIES_OF_ASSETS, ...context }, outdir: temporaryFolder() });
  return { app, ...addStacks(app, { dist, definitions: DEFINITIONS, web: { dist: site, headers: HEADERS }, hostArchitecture }) };
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
  readonly web: Template;
}

export function templatesOf(context: Record<string, unknown> = {}, hostArchitecture = 'x64'): Templates {
  const { stateful, stateless, web } = makeApp(context, hostArchitecture);
  if (web === undefined) throw new Error('the settings do not want the page');
  return { stateful: Template.fromStack(stateful), stateless: Template.fromStack(stateless), web: Template.fromStack(web) };
}

/** The template that has a function. */
export function templateWith(templates: Templates, name: FunctionName): Template {
  return name === 'api' ? templates.web : templates.stateless;
}

/** All resources of a type, with their logical IDs. */
export function resourcesOf(template: Template, type: string): [string, Resource][] {
  return Object.entries(template.findResources(type) as Record<string, Resource>);
}

/** The one resource of a type whose logical ID begins with the prefix. */
export function resourceOf(template: Template, type: string, prefix: string): Resource {
  const found = resourcesOf(template, type).filter(([id]) => id.startsWith(prefix));
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} resources ${type} begin with ${prefix}`);
  return found[0][1];
}

/** The parent constructs of the functions that are not part of PipelineFunctions. */
const OWNERS: Readonly<Partial<Record<FunctionName, string>>> = {
  reconcile: 'Reconcile',
  'count-trends': 'Trends',
  'report-trends': 'Trends',
  'import-image': 'BulkImport',
  api: 'Api',
};

/** Prefix of the logical IDs of a function, its role and its log group. */
export function functionId(name: FunctionName): string {
  return `${OWNERS[name] ?? 'Functions'}${pascalCase(name)}Function`;
}

/** Matches the logical ID of a function's version. */
export function versionOf(name: FunctionName): RegExp {
  return new RegExp(`^${functionId(name)}CurrentVersion[0-9A-F]{8}[0-9a-f]{32}$`);
}

/** Matches the logical ID of a function's alias `live`. */
export function liveOf(name: FunctionName): RegExp {
  return new RegExp(`^${functionId(name)}Live[0-9A-F]{8}$`);
}

/** All templates without the hashes of assets, which change with every build, and without the definitions of state machines, which have their own tests. */
export function normalised(templates: Templates): Record<keyof Templates, object> {
  const clean = (template: Template): object =>
    JSON.parse(
      JSON.stringify(template.toJSON())
        .replaceAll(/[0-9a-f]{64}/g, '<hash>')
        .replaceAll(/(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}/g, '$1'),
      (key, value: unknown) => (key === 'DefinitionString' ? '<definition>' : value),
    ) as object;
  return { stateful: clean(templates.stateful), stateless: clean(templates.stateless), web: clean(templates.web) };
}
