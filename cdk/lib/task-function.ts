import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Grant, Role, ServicePrincipal, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { CfnFunction, Code, Function as LambdaFunction, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge.ts';
import { artefactOf, type Artefacts } from './environment.ts';
import type { FunctionName } from './function-names.ts';
import { variablesOf } from './function-variables.ts';
import type { Settings } from './settings.ts';

/** What all functions of one deployment are made from. */
export interface Workshop {
  readonly artefacts: Artefacts;
  readonly settings: Settings;
  /** The app's name: a dimension of its metrics. */
  readonly deployment: string;
}

export interface TaskFunctionProps {
  readonly workshop: Workshop;
  /** Which of the functions it is: names the zip and the settings that it gets. */
  readonly name: FunctionName;
  readonly description: string;
  /** In MB, where the settings do not say otherwise. @default 128 */
  readonly memoryMb?: number;
  /** @default 60 seconds */
  readonly timeout?: Duration;
  /** Where events go that an asynchronous call could not get through. @default none: the function is called synchronously */
  readonly deadLetterQueue?: IQueue;
}

/**
 * A function in Rust, from a zip built beforehand, with a role of its own that may write its log and its traces; all else is
 * granted by what it uses. Endpoints are never set here: a template that can redirect calls to AWS could do so in production.
 */
export class TaskFunction extends Construct implements IGrantable {
  readonly fn: LambdaFunction;
  readonly grantPrincipal: Role;

  constructor(scope: Construct, id: string, props: TaskFunctionProps) {
    super(scope, id);
    const { artefacts, deployment, settings } = props.workshop;
    const logGroup = new LogGroup(this, 'Logs', { retention: settings.logRetentionDays, removalPolicy: RemovalPolicy.DESTROY });
    this.grantPrincipal = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(this);
    this.fn = new LambdaFunction(this, 'Function', {
      architecture: artefacts.architecture,
      code: Code.fromAsset(artefactOf(artefacts, props.name)),
      description: props.description,
      ...(props.deadLetterQueue && { deadLetterQueue: props.deadLetterQueue }),
      environment: { ...variablesOf(props.name, settings), DEPLOYMENT: deployment },
      handler: 'bootstrap',
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      memorySize: settings.functionMemoryMb[props.name] ?? props.memoryMb ?? 128,
      role: this.grantPrincipal,
      runtime: Runtime.PROVIDED_AL2023,
      timeout: props.timeout ?? Duration.seconds(60),
      tracing: Tracing.ACTIVE,
    });
    this.node.addValidation({ validate: () => this.reservedVariables() });
    acknowledgeWildcard(this, '*', 'X-Ray has no resources to name in PutTraceSegments and PutTelemetryRecords; the tests list all that a role may do on "*".');
  }

  /** Lets a caller invoke exactly this function. */
  grantInvoke(grantee: IGrantable): void {
    // Function.grantInvoke would add all of its versions, as a wildcard.
    Grant.addToPrincipal({ grantee, actions: ['lambda:InvokeFunction'], resourceArns: [this.fn.functionArn] });
  }

  /** Looks at what is synthesised, so that no way of setting a variable goes round it. */
  private reservedVariables(): string[] {
    const resource = this.fn.node.defaultChild;
    if (!(resource instanceof CfnFunction)) return [];
    const environment = Stack.of(this).resolve(resource.environment) as { variables?: object } | undefined;
    return Object.keys(environment?.variables ?? {})
      .filter((name) => /^AWS_|^RUST_LOG$/.test(name))
      .map((name) => `${name} may not be set by a template: it belongs to the function's runtime.`);
  }
}
