// Original file: proto/ch/device/v1/device.proto


export interface GetHealthRequest {
}

export interface GetHealthRequest__Output {
}
