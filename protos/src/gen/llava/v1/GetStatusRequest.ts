// Original file: llava/v1/status.proto


export interface GetStatusRequestInput {
}

export interface GetStatusRequestMessage {
}
