{{- $name := .Release.Name }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $name }}-program
data:
  plugin.py: |
    {{- .Files.Get "plugin.py" | nindent 4 }}
{{- with .Values.config.map }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $name }}-configs
data:
  {{- toYaml . | nindent 2 }}
{{- end }}
---
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: {{ $name }}
spec:
  selector:
    matchLabels: {app.kubernetes.io/name: nvidia-device-plugin}
  template:
    metadata:
      labels: {app.kubernetes.io/name: nvidia-device-plugin}
      annotations: {{- toYaml .Values.podAnnotations | nindent 8 }}
    spec:
      containers:
        - name: nvidia-device-plugin-ctr
          image: {{ .Values.image.repository }}:{{ .Values.image.tag }}
          imagePullPolicy: IfNotPresent
          command: [python3, -u, /program/plugin.py]
          env:
            - {name: NVIDIA_VISIBLE_DEVICES, value: all}
            {{- if typeIs "string" .Values.migStrategy }}
            - {name: MIG_STRATEGY, value: {{ .Values.migStrategy }}}
            {{- end }}
            {{- if typeIs "bool" .Values.compatWithCPUManager }}
            - {name: PASS_DEVICE_SPECS, value: {{ .Values.compatWithCPUManager | quote }}}
            {{- end }}
            {{- if typeIs "string" .Values.deviceListStrategy }}
            - {name: DEVICE_LIST_STRATEGY, value: {{ .Values.deviceListStrategy }}}
            {{- end }}
            {{- if typeIs "string" .Values.nvidiaDriverRoot }}
            - {name: NVIDIA_DRIVER_ROOT, value: {{ .Values.nvidiaDriverRoot }}}
            {{- end }}
            {{- if typeIs "string" .Values.nvidiaDevRoot }}
            - {name: NVIDIA_DEV_ROOT, value: {{ .Values.nvidiaDevRoot }}}
            {{- end }}
            {{- if typeIs "string" .Values.cdi.nvidiaHookPath }}
            - {name: NVIDIA_CDI_HOOK_PATH, value: {{ .Values.cdi.nvidiaHookPath }}}
            {{- end }}
            {{- if .Values.config.map }}
            - {name: CONFIG_FILE, value: /config/config.yaml}
            {{- end }}
          securityContext:
            # NVIDIA's image runs as root, this one does not by itself.
            runAsUser: 0
            {{- if .Values.securityContext }}
            {{- toYaml .Values.securityContext | nindent 12 }}
            {{- else if .Values.compatWithCPUManager }}
            privileged: true
            {{- else }}
            allowPrivilegeEscalation: false
            capabilities: {drop: [ALL]}
            {{- end }}
          volumeMounts:
            - {name: program, mountPath: /program}
            - {name: sockets, mountPath: /var/lib/kubelet/device-plugins}
            {{- if typeIs "string" .Values.nvidiaDriverRoot }}
            - {name: driver-root, mountPath: /driver-root, readOnly: true}
            {{- end }}
            - {name: mps-shm, mountPath: /dev/shm}
            - {name: mps-root, mountPath: /mps}
            - {name: cdi-root, mountPath: /var/run/cdi}
            {{- if .Values.config.map }}
            - {name: config, mountPath: /config}
            {{- end }}
      volumes:
        - name: program
          configMap: {name: {{ $name }}-program}
        - name: sockets
          hostPath: {path: /var/lib/kubelet/device-plugins, type: Directory}
        - name: mps-root
          hostPath: {path: {{ .Values.mps.root }}, type: DirectoryOrCreate}
        - name: mps-shm
          hostPath: {path: {{ .Values.mps.root }}/shm}
        {{- if typeIs "string" .Values.nvidiaDriverRoot }}
        - name: driver-root
          hostPath: {path: {{ .Values.nvidiaDriverRoot }}, type: Directory}
        {{- end }}
        - name: cdi-root
          hostPath: {path: /var/run/cdi, type: DirectoryOrCreate}
        {{- if .Values.config.map }}
        - name: config
          configMap:
            name: {{ $name }}-configs
            items: [{key: default, path: config.yaml}]
        {{- end }}
      nodeSelector: {{- toYaml .Values.nodeSelector | nindent 8 }}
      affinity: {{- toYaml .Values.affinity | nindent 8 }}
      tolerations: {{- toYaml .Values.tolerations | nindent 8 }}
