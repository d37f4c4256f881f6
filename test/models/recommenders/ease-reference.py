# EASE by NumPy, for neighbours.test.ts: python3 ease-reference.py writes ease-reference.json.
import numpy as np, json
# the same numbers as numbersOf(seed) of the tests (Park and Miller)
def numbers(seed):
    s=seed
    while True:
        s=(s*48271)%2147483647; yield s/2147483647
n=numbers(11); U,I=30,14
rows=[(u,i,[1,2,3,4,5][int(next(n)*5)]) for u in range(U) for i in range(I) if next(n)<0.5]
X=np.zeros((U,I))
for u,i,r in rows:
    if r>1+2/3*4: X[u,i]=1
n2=numbers(5); T=np.array([[np.float32(2*next(n2)-1) for _ in range(3)] for _ in range(I)],dtype=np.float64)
def ease(G):
    P=np.linalg.inv(G); B=-P/np.diag(P)[None,:]; np.fill_diagonal(B,0); return B
out={'ease':ease(X.T@X+20*np.eye(I)).tolist(),'content':ease(X.T@X+4*T@T.T+20*np.eye(I)).tolist(),'rows':len(rows)}
json.dump(out,open('ease-reference.json','w'))
