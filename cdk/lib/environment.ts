import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RemovalPolicy } from 'aws-cdk-lib';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { pascalCase, type FunctionName } from './function-names.ts';
import { UsageError } from './settings-file.ts';
import type { Settings } from './settings.ts';

/**
 * The targets of a deployment: AWS, the emulator on a developer's machine, or the emulator with few retries of throttling, so that a test can
 * exhaust them.
 */
export const ENVIRONMENTS = ['aws', 'local', 'test'] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

/** Everything that may differ between AWS and a laptop; test/app.test.ts lists the resulting differences of the templates. */
export interface Environment {
  readonly name: EnvironmentName;
  /** Whether bucket, tables and key outlive their stack, and tables and stack have deletion protection. */
  readonly isDataRetained: boolean;
  /** Whether usage is billed, so that a budget makes sense. */
  readonly isBilled: boolean;
  /** Whether alarms can combine several metrics. */
  readonly hasMetricMath: boolean;
  /** Whether state machines can have versions and aliases. */
  readonly hasMachineVersions: boolean;
  /** Overrides how often a throttled state is retried; undefined keeps the definition's 200 attempts, which last for hours. */
  readonly throttledAttempts: number | undefined;
  /** Whether CloudFront serves the page's files. The emulator's CloudFront cannot, so the local front door serves them. */
  readonly hasSiteFiles: boolean;
  readonly artefacts: Artefacts;
}

/** The zips of the functions. */
export interface Artefacts {
  readonly directory: string;
  readonly architecture: Architecture;
  /** How to build missing zips; follows a colon. */
  readonly hint: string;
}

/**
 * The environment of a deployment.
 *
 * @param dist the folder with a subfolder of zips for each target: `local`, `arm64`, `x86_64`.
 * @param hostArchitecture this machine's architecture, as in `process.arch`.
 */
export function environmentOf(name: EnvironmentName, dist: string, settings: Settings, hostArchitecture: string = process.arch): Environment {
  if (name !== 'aws') {
    const architecture = hostArchitecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64;
    return { name, isDataRetained: false, isBilled: false, hasMetricMath: false, hasMachineVersions: false, throttledAttempts: name === 'test' ? 4 : undefined, hasSiteFiles: false, artefacts: { directory: join(dist, 'local'), architecture, hint: '"make up" builds it' } };
  }
  const architecture = settings.architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64;
  const directory = join(dist, settings.architecture);
  return { name, isDataRetained: true, isBilled: true, hasMetricMath: true, hasMachineVersions: true, throttledAttempts: undefined, hasSiteFiles: true, artefacts: { directory, architecture, hint: 'run "make package" first' } };
}

export function removalPolicyOf(environment: Environment): RemovalPolicy {
  return environment.isDataRetained ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
}

/**
 * Path of a function's zip.
 *
 * @throws UsageError if the zip is missing; the message says how to build it.
 */
export function artefactOf(artefacts: Artefacts, name: FunctionName): string {
  const path = join(artefacts.directory, `${name}.zip`);
  if (!existsSync(path)) throw new UsageError(`${path}, the code of ${pascalCase(name)}, is missing: ${artefacts.hint}.`);
  return path;
}
