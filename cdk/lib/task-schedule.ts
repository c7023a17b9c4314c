import { ArnFormat, Stack, type Duration } from 'aws-cdk-lib';
import { Role, type IRole } from 'aws-cdk-lib/aws-iam';
import { Schedule, type ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { ScheduleTargetBase, type ScheduleTargetBaseProps } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import { ownService } from './own-service.ts';
import type { TaskFunction } from './task-function.ts';

export interface TaskScheduleProps {
  readonly task: TaskFunction;
  readonly description: string;
  readonly schedule: ScheduleExpression;
  /** For how long a call that Lambda did not take is tried again. Then it is dropped: the next one is as good. */
  readonly validFor: Duration;
}

/** Calls a function by the clock, to the minute. */
export class TaskSchedule extends Construct {
  constructor(scope: Construct, id: string, props: TaskScheduleProps) {
    super(scope, id);
    // The schedules of the account's default group.
    const group = Stack.of(this).formatArn({ service: 'scheduler', resource: 'schedule-group', resourceName: 'default', arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
    const role = new Role(this, 'Role', { assumedBy: ownService(this, 'scheduler', group) });
    new Schedule(this, 'Schedule', {
      description: props.description,
      schedule: props.schedule,
      target: new TaskTarget(props.task, { role, maxEventAge: props.validFor }),
    });
  }
}

/** The CDK's own target would let the role invoke all versions of the function, as a wildcard. */
class TaskTarget extends ScheduleTargetBase {
  private readonly task: TaskFunction;

  constructor(task: TaskFunction, props: ScheduleTargetBaseProps) {
    super(props, task.live.functionArn);
    this.task = task;
  }

  protected override addTargetActionToRole(role: IRole): void {
    this.task.grantInvokeLive(role);
  }
}
