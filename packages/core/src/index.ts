export type { EngineCapabilities } from './capabilities/engine-capabilities.js';
export { parseConfig } from './config/parse-config.js';
export { findRuncHoles } from './doctor/check-runc.js';
export { doctor } from './doctor/doctor.js';
export type { DoctorFinding, DoctorReport } from './doctor/doctor-report.js';
export { formatDoctorReport } from './doctor/format-doctor-report.js';
export type { EngineArchive } from './engine/api/archive.js';
export type { ContainerDescription, ContainerMount, ContainerState } from './engine/api/container-description.js';
export type { ContainerSummary } from './engine/api/container-summary.js';
export type { EngineContainers } from './engine/api/containers.js';
export type { CreateContainerOptions, CreatedContainer } from './engine/api/create-container.js';
export type { EngineExec, ExecDescription, StartExecOptions, StartedExec } from './engine/api/exec.js';
export type { ImageDescription } from './engine/api/image-description.js';
export type { EngineImages, ImageSummary, PullImageOptions } from './engine/api/images.js';
export type { LabelsFilter } from './engine/api/labels-filter.js';
export type {
  EngineNetworks,
  NetworkDescription,
  NetworkMember,
  NetworkSubnet,
  NetworkSummary,
} from './engine/api/networks.js';
export type { PullProgress } from './engine/api/read-pull.js';
export type { EngineSystem } from './engine/api/system.js';
export type { CreateVolumeOptions, EngineVolumes, VolumeDescription } from './engine/api/volumes.js';
export type { CallOptions } from './engine/connection/call-options.js';
export type { BytesListener, HijackedStream } from './engine/connection/hijacked-stream.js';
export {
  type EngineEndpoint,
  type EngineTls,
  type SshEndpoint,
  toEndpointUrl,
} from './engine/endpoint/engine-endpoint.js';
export { Engine, type EngineAddress } from './engine/engine.js';
export type { EngineOptions, ResolvedEngineOptions } from './engine/engine-options.js';
export { type ContainerReference, resolveContainer } from './engine/resolve-container.js';
export { type CoreErrorCode, coreErrorCodes } from './errors/core-error-codes.js';
export {
  DockerNotAvailableError,
  type EndpointAttempt,
  EngineApiVersionError,
  EngineClosedError,
  EngineEndpointUnsupportedError,
  EnginePermissionError,
  EngineSshError,
  type EngineSshProblem,
  EngineTlsError,
  type EngineTlsProblem,
} from './errors/engine-availability-errors.js';
export {
  EngineAnswerInvalidError,
  EngineConflictError,
  EngineConnectionLostError,
  type EngineFailure,
  EngineResponseError,
  EngineTimeoutError,
} from './errors/engine-call-errors.js';
export { hasCode } from './errors/has-code.js';
export { type ConfigIssue, InvalidConfigError } from './errors/invalid-config-error.js';
export { ContainerNotFoundError, EngineObjectNotFoundError, ImageNotFoundError } from './errors/not-found-errors.js';
export {
  type ErrorDetails,
  ParacleError,
  type ParacleErrorJson,
  type ParacleErrorOptions,
} from './errors/paracle-error.js';
export { PruneIncompleteError } from './errors/prune-incomplete-error.js';
export { toPrintable } from './errors/to-printable.js';
export { type EventMap, type EventSource, TypedEmitter } from './events/typed-emitter.js';
export {
  type ControllerIdentity,
  currentController,
  formatController,
  isProvablyDead,
  parseController,
} from './identity/controller.js';
export { type CreateIdOptions, createId } from './identity/create-id.js';
export { labelKeys, type ObjectPurpose, type OwnerLabelsOptions, ownerLabels } from './identity/labels.js';
export type { Logger, LogWrite } from './logging/logger.js';
export { silentLogger } from './logging/silent-logger.js';
export {
  type NetworkAttachment,
  NetworkAttachments,
  type NetworkDenial,
  type NetworkDenials,
  type NetworkEnforcer,
} from './network/network-attachments.js';
export { isWithin } from './paths/is-within.js';
export type { Counters, ResourceUsage } from './supervisor/counters.js';
export type { ExecuteRequest, TerminalSize } from './supervisor/execute-request.js';
export type { ExitReport } from './supervisor/exit-report.js';
export type { FileListing, SavedContents, SpaceUsage } from './supervisor/file-answers.js';
export {
  decodeRecord,
  type FileEntry,
  type FileRecord,
  hasAttributesRecord,
  isChangedRecord,
  isSameRecord,
  splitEntries,
} from './supervisor/file-entry.js';
export type { FileAttributes } from './supervisor/file-requests.js';
export { FileService, type SandboxPath } from './supervisor/file-service.js';
export { type SignalName, signalName, signalNumber } from './supervisor/linux-numbers.js';
export type { EndCause, RefusalStage } from './supervisor/protocol.js';
export type { OutputListener, RemoteExecution } from './supervisor/remote-execution.js';
export { startAgain } from './supervisor/start-again.js';
export { SupervisorConnection, type Welcome } from './supervisor/supervisor-connection.js';
export {
  ExecutionRefusedError,
  FileAnswerTooLargeError,
  FileOperationError,
  SandboxMountMovedError,
  SupervisorBusyError,
  SupervisorLostError,
  SupervisorMismatchError,
  SupervisorTimeoutError,
  SupervisorUnreachableError,
} from './supervisor/supervisor-errors.js';
export { HOLDS_DIRECTORY, OWN_DIRECTORY, STORE_DIRECTORY, SUPERVISOR_PATH } from './supervisor/supervisor-paths.js';
export type { SupervisorMount, Supervisors } from './supervisor/supervisors.js';
export { PayloadReader, PayloadWriter } from './supervisor/wire.js';
export { listHolds } from './sweep/list-holds.js';
export { type PruneOptions, type PruneResult, prune } from './sweep/prune.js';
